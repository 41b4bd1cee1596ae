"""Readers of public data sets in the formats that their publishers give out, a file each."""
