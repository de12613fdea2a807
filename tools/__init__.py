"""What maintainers run: nothing here is shipped or imported by what is."""
