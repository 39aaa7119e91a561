"""The model file: its records, its checks, reading and writing."""
