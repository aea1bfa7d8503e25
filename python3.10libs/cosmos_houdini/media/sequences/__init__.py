"""Find numbered picture files in folders, read them to their end and judge them, without decoding their pixels."""
