"""The contract of wengert: .proto files, and the Python made from them, by version."""
