"""Raw files and frames to a Dataset: ids, a catalogue with texts, histories as flat arrays, and their split."""
