"""Human review: which records to judge, so that the judgements prove something."""
