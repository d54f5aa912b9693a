"""What authors of plugins use in their tests: fakes, contracts, and fixtures that pytest finds by itself."""
