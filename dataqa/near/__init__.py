"""Near-duplicates: texts that share most of their word n-grams.

Read in this order: ``words`` (texts to hashed words), ``shingles`` (n-grams), ``minhash``
(signatures), ``candidates`` (which pairs are compared), ``stars`` (groups), ``search`` (the shell).
"""
