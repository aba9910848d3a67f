-- +goose Up
CREATE TABLE authors (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    born DATE
);
INSERT INTO authors (name, born) VALUES ('Ada; the first', '1815-12-10');

-- +goose Down
DROP TABLE authors;
