"""Boards, real and emulated: installing the module, and measuring what a step costs."""
