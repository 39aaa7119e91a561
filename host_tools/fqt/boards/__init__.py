"""Which board: the table of boards, what a model's work costs there, and what it takes of them."""
