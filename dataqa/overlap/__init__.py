"""What training records share with evaluation records, from word for word to rephrased.

Read in this order: ``evaluation`` (reading the files), ``sides`` (what is compared), ``matches``
(the door of the stages), ``verbatim``, ``passages``, ``rephrased`` (the stages), ``search`` (the
flow), ``shown`` (which words are shared).
"""
