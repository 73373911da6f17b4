-- The inbox of @stoa/messaging, filled more closely. A migration of every service holds this verbatim.
--
-- Half of each page was kept free for the reply that is written into a command's row before its commit. That takes much
-- less room: the rows of a page are at different stages, the first version of a row is small, and commands that share a
-- transaction write their rows with the reply at once. With a tenth, updates are still heap-only, and a kept reply takes half
-- of the disk. New pages only: older ones are gone in two days.
ALTER TABLE inbox SET (fillfactor = 90);
