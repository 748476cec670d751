"""The systems that are measured side by side: each prepares the same tasks, and answers with the same arrays."""
