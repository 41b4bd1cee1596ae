"""The store's formats, one after another: a file of an older one is brought up to date when it is opened."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE answers (key TEXT PRIMARY KEY, model TEXT NOT NULL, request TEXT NOT NULL, text TEXT NOT NULL, "
        "finish_reason TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, "
        "time TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE failures (key TEXT PRIMARY KEY, model TEXT NOT NULL, request TEXT NOT NULL, "
        "reason TEXT NOT NULL, last_answer TEXT NOT NULL, attempts INTEGER NOT NULL, time TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID",
    ),
    # Rows of some kilobytes made the tree of keys deep: in a table with an index of its own, looking up the keys of
    # 150,000 answers takes a fifth of the time.
    (
        "ALTER TABLE answers RENAME TO old_answers",
        "CREATE TABLE answers (key TEXT PRIMARY KEY, model TEXT NOT NULL, request TEXT NOT NULL, text TEXT NOT NULL, "
        "finish_reason TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, "
        "time TEXT NOT NULL)",
        "INSERT INTO answers SELECT * FROM old_answers",
        "DROP TABLE old_answers",
    ),
)
"""Format n is reached by the first n groups of statements; a group is never changed once it was released."""
