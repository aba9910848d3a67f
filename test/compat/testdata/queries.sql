-- name: CreateAuthor :one
INSERT INTO authors (name, born) VALUES (?, ?) RETURNING *;

-- name: GetAuthor :one
SELECT * FROM authors WHERE id = ?;

-- name: ListAuthors :many
SELECT * FROM authors ORDER BY name LIMIT sqlc.arg(max) OFFSET sqlc.arg(skip);

-- name: AuthorsNamed :many
SELECT id, name FROM authors WHERE name IN (sqlc.slice('names')) ORDER BY id;

-- name: RenameAuthor :execrows
UPDATE authors SET name = @name WHERE id = @id;

-- name: CreateBook :execlastid
INSERT INTO books (author_id, title) VALUES (?, ?);

-- name: DeleteBooks :exec
DELETE FROM books WHERE author_id = ?;

-- name: BooksPerAuthor :many
SELECT authors.name, count(books.id) AS n, max(books.title) AS last_title
FROM authors LEFT JOIN books ON books.author_id = authors.id
GROUP BY authors.id ORDER BY authors.id;

-- name: BooksOf :many
SELECT sqlc.embed(authors), sqlc.embed(books) FROM books JOIN authors ON authors.id = books.author_id WHERE authors.id = ?;
