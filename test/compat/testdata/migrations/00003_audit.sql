-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE audit (what TEXT, at DATETIME DEFAULT CURRENT_TIMESTAMP);
-- +goose StatementBegin
CREATE TRIGGER books_insert AFTER INSERT ON books
BEGIN
    UPDATE authors SET books = books + 1 WHERE id = new.author_id;
    INSERT INTO audit (what) VALUES ('book ' || new.title);
END;
-- +goose StatementEnd
INSERT INTO books (author_id, title) VALUES (1, 'Notes');
VACUUM;

-- +goose Down
DROP TRIGGER books_insert;
DROP TABLE audit;
