-- Offsets are those of one type's copy now (`catalog.states#variant`), and no more those of a topic. What there is was copied
-- for variants: they go on from here instead of being read from the beginning. Clones of the version before keep theirs.
INSERT INTO state_offsets (topic, kafka_partition, next_offset)
SELECT 'catalog.states#variant', kafka_partition, next_offset FROM state_offsets WHERE topic = 'catalog.states'
ON CONFLICT DO NOTHING;
