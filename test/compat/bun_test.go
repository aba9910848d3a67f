package compat

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

type story struct {
	bun.BaseModel `bun:"table:stories"`

	ID       int64     `bun:",pk,autoincrement"`
	Title    string    `bun:",notnull,unique"`
	Data     []byte    `bun:"type:blob"`
	Tags     []string  `bun:"type:text"`
	Done     bool      `bun:",notnull"`
	Created  time.Time `bun:",nullzero,notnull,default:current_timestamp"`
	AuthorID int64
	Author   *author `bun:"rel:belongs-to,join:author_id=id"`
}

type author struct {
	ID      int64    `bun:",pk,autoincrement"`
	Name    string   `bun:",notnull"`
	Stories []*story `bun:"rel:has-many,join:id=author_id"`
}

// bun with its SQLite dialect, which writes values into the text.
func TestBun(t *testing.T) {
	db := bun.NewDB(open(t), sqlitedialect.New())
	ctx := bg(t)
	for _, model := range []any{(*author)(nil), (*story)(nil)} {
		_, err := db.NewCreateTable().Model(model).IfNotExists().Exec(ctx)
		must(t, err)
	}
	ada := &author{Name: "Ada"}
	_, err := db.NewInsert().Model(ada).Exec(ctx)
	must(t, err)
	at := time.Date(2026, 11, 25, 1, 2, 3, 456000000, time.UTC)
	stories := []story{{Title: "it's; one", Data: []byte{0, 1}, Tags: []string{"x"}, Done: true, Created: at, AuthorID: ada.ID}, {Title: "two", AuthorID: ada.ID}}
	_, err = db.NewInsert().Model(&stories).Exec(ctx)
	must(t, err)
	equal(t, stories[1].ID, int64(2))

	var got story
	must(t, db.NewSelect().Model(&got).Relation("Author").Where("title = ?", "it's; one").Scan(ctx))
	equal(t, []any{got.Data, got.Tags, got.Done, got.Created.Equal(at), got.Author.Name}, []any{[]byte{0, 1}, []string{"x"}, true, true, "Ada"})
	var with author
	must(t, db.NewSelect().Model(&with).Relation("Stories").Scan(ctx))
	equal(t, len(with.Stories), 2)

	fail := errors.New("on purpose")
	err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model(&got).Set("title = ?", "changed").WherePK().Exec(ctx)
		must(t, err)
		nested := tx.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error { // by SAVEPOINT
			_, err := tx.NewDelete().Model((*story)(nil)).Where("1 = 1").Exec(ctx)
			must(t, err)
			return fail
		})
		if !errors.Is(nested, fail) {
			t.Errorf("nested: %v", nested)
		}
		return nil
	})
	must(t, err)
	n, err := db.NewSelect().Model((*story)(nil)).Where("title = ?", "changed").Count(ctx)
	must(t, err)
	equal(t, n, 1)
	must(t, db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*story)(nil)).Count(ctx)
		equal(t, n, 2)
		return err
	}))
	res, err := db.NewDelete().Model((*story)(nil)).Where("done").Exec(ctx)
	must(t, err)
	gone, err := res.RowsAffected()
	must(t, err)
	equal(t, gone, int64(1))
}
