-- +goose Up
CREATE TABLE books (
    id INTEGER PRIMARY KEY,
    author_id INTEGER NOT NULL REFERENCES authors (id),
    title TEXT NOT NULL
);
CREATE INDEX books_by_author ON books (author_id);
ALTER TABLE authors ADD COLUMN books INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE authors DROP COLUMN books;
DROP TABLE books;
