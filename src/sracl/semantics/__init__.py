"""A Dataset to a semantic index: texts by a writer, embeddings by an encoder, neighbours by a search."""
