"""The left column that Rerank and Compare share: query, passages, first stage."""
