"""Watches render folders: a sequence that is complete is converted, submitted and delivered, exactly once."""
