"""Numbered picture files in folders, found, opened to their end and judged; without a look at their pixels."""
