"""Errors that a person can act on: what is wrong, where, and what to do."""


class SraclError(Exception):
    """A failure with a message for a person; the command line prints it without a traceback.

    The message is one or two lines: what is wrong, where (file, row, column, value) and what to do.
    """

    exit_code = 1


class InputError(SraclError):
    """Wrong usage or bad input: a missing column, a misspelt key, an unknown id. Exit code 2."""

    exit_code = 2
