-- A change of a profile that no list shows (telephone, language, username) finds room beside the row, and then writes to no
-- index. In full pages it writes to all of them: among a million customers nearly each change did.
ALTER TABLE customers SET (fillfactor = 85);
