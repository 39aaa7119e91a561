freeze("$(BOARD_DIR)/..", "_boot.py")  # noqa: F821
