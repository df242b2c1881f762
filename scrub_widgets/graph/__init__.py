"""The model as a graph: components that write to the stream, ports that read it, and their clean values."""
