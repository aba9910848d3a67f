package compat

import (
	"errors"
	"fmt"
	"testing"
	"time"

	glebarez "github.com/glebarez/sqlite"
	official "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/skylinedb/skylinedb/driver"
)

// The models that GORM's own guide uses.
type company struct {
	ID   uint
	Name string
}

type user struct {
	gorm.Model
	Name      string `gorm:"index:idx_name,unique"`
	Age       *uint8
	Birthday  *time.Time
	Active    bool `gorm:"default:true"`
	Secret    []byte
	Score     float64
	CompanyID *uint
	Company   *company
	Account   account
	Pets      []pet      `gorm:"polymorphic:Owner"`
	Languages []language `gorm:"many2many:user_speak"`
	Friends   []*user    `gorm:"many2many:user_friends"`
	Tags      []string   `gorm:"serializer:json"`
}

type account struct {
	ID     uint
	UserID uint
	Number string
}

type pet struct {
	ID        uint
	Name      string
	OwnerID   uint
	OwnerType string
}

type language struct {
	Code string `gorm:"primaryKey"`
	Name string
}

// withGORM runs a test with each dialector, on a new database.
func withGORM(t *testing.T, f func(t *testing.T, db *gorm.DB)) {
	dialectors := map[string]func(dsn string) gorm.Dialector{
		"official": func(dsn string) gorm.Dialector {
			return official.New(official.Config{DriverName: driver.Name, DSN: dsn})
		},
		"glebarez": func(dsn string) gorm.Dialector { return glebarez.Dialector{DriverName: driver.Name, DSN: dsn} },
	}
	for name, dialector := range dialectors {
		t.Run(name, func(t *testing.T) {
			db, err := gorm.Open(dialector(source(t)), &gorm.Config{Logger: logger.Default.LogMode(logger.Silent), PrepareStmt: name == "glebarez"})
			must(t, err)
			pool, err := db.DB()
			must(t, err)
			t.Cleanup(func() { must(t, pool.Close()) })
			must(t, db.AutoMigrate(&company{}, &language{}, &user{}, &account{}, &pet{}))
			f(t, db)
		})
	}
}

func TestGORMCreateReadUpdateDelete(t *testing.T) {
	withGORM(t, func(t *testing.T, db *gorm.DB) {
		age, born := uint8(36), time.Date(1815, 12, 10, 12, 30, 0, 123000000, time.UTC)
		ada := user{Name: "Ada", Age: &age, Birthday: &born, Secret: []byte{0, 1, 255}, Score: 1.25, Tags: []string{"a", "b"}}
		must(t, db.Create(&ada).Error)
		equal(t, ada.ID, uint(1))
		equal(t, ada.Active, true) // the default, by RETURNING

		var got user
		must(t, db.First(&got, "name = ?", "Ada").Error)
		equal(t, []any{*got.Age, got.Birthday.Equal(born), got.Secret, got.Score, got.Active, got.Tags}, []any{age, true, ada.Secret, 1.25, true, ada.Tags})
		equal(t, got.CreatedAt.Equal(ada.CreatedAt), true)

		must(t, db.Model(&got).Updates(map[string]any{"score": gorm.Expr("score * ?", 2), "active": false}).Error)
		must(t, db.First(&got, ada.ID).Error)
		equal(t, []any{got.Score, got.Active}, []any{2.5, false})
		must(t, db.Model(&got).Update("age", nil).Error)
		var after user
		must(t, db.First(&after, ada.ID).Error)
		equal(t, after.Age, (*uint8)(nil))

		batch := make([]user, 250)
		for i := range batch {
			batch[i].Name = fmt.Sprint("user ", i)
		}
		must(t, db.CreateInBatches(&batch, 100).Error)
		equal(t, batch[249].ID, uint(251))
		var n int64
		must(t, db.Model(&user{}).Where("name LIKE ?", "user 1%").Count(&n).Error)
		equal(t, n, int64(111))
		var names []string
		must(t, db.Model(&user{}).Order("id desc").Limit(2).Offset(1).Pluck("name", &names).Error)
		equal(t, names, []string{"user 248", "user 247"})

		must(t, db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.Assignments(map[string]any{"score": 9})}).Create(&user{Name: "Ada"}).Error)
		must(t, db.First(&after, "name = ?", "Ada").Error)
		equal(t, after.Score, 9.0)
		must(t, db.FirstOrCreate(&after, user{Name: "Ada"}).Error)
		after.Score = 10
		must(t, db.Save(&after).Error)

		must(t, db.Delete(&user{}, ada.ID).Error)
		if err := db.First(&user{}, ada.ID).Error; !errors.Is(err, gorm.ErrRecordNotFound) {
			t.Errorf("a deleted row: %v", err)
		}
		must(t, db.Unscoped().First(&got, ada.ID).Error)
		must(t, db.Unscoped().Where("1 = 1").Delete(&user{}).Error)
		if err := db.Exec(`INSERT INTO nowhere VALUES(1)`).Error; err == nil {
			t.Error("a missing table is no error")
		}
	})
}

func TestGORMAssociations(t *testing.T) {
	withGORM(t, func(t *testing.T, db *gorm.DB) {
		u := user{
			Name: "Ada", Company: &company{Name: "Analytical"}, Account: account{Number: "7"}, Pets: []pet{{Name: "cat"}, {Name: "dog"}},
			Languages: []language{{Code: "en", Name: "English"}, {Code: "fr", Name: "French"}}, Friends: []*user{{Name: "Charles"}},
		}
		must(t, db.Session(&gorm.Session{FullSaveAssociations: true}).Create(&u).Error)
		var got user
		must(t, db.Preload(clause.Associations).Joins("Company").First(&got, u.ID).Error)
		equal(t, []any{got.Company.Name, got.Account.Number, len(got.Pets), len(got.Languages), got.Friends[0].Name}, []any{"Analytical", "7", 2, 2, "Charles"})

		must(t, db.Model(&u).Association("Languages").Append(&language{Code: "la", Name: "Latin"}))
		equal(t, db.Model(&u).Association("Languages").Count(), int64(3))
		must(t, db.Model(&u).Association("Languages").Replace([]language{{Code: "fr", Name: "French"}}))
		must(t, db.Model(&u).Association("Languages").Find(&got.Languages))
		equal(t, got.Languages, []language{{"fr", "French"}})
		must(t, db.Model(&u).Association("Pets").Delete(u.Pets[0]))
		equal(t, db.Model(&u).Association("Pets").Count(), int64(1))
		must(t, db.Select("Account").Delete(&u).Error)
		var n int64
		must(t, db.Model(&account{}).Count(&n).Error)
		equal(t, n, int64(0))
	})
}

func TestGORMTransactions(t *testing.T) {
	withGORM(t, func(t *testing.T, db *gorm.DB) {
		fail := errors.New("on purpose")
		err := db.Transaction(func(tx *gorm.DB) error {
			must(t, tx.Create(&company{Name: "kept"}).Error)
			nested := tx.Transaction(func(tx *gorm.DB) error {
				must(t, tx.Create(&company{Name: "undone"}).Error)
				return fail
			})
			if !errors.Is(nested, fail) {
				t.Errorf("nested: %v", nested)
			}
			return tx.Transaction(func(tx *gorm.DB) error { return tx.Create(&company{Name: "kept too"}).Error })
		})
		must(t, err)
		if err := db.Transaction(func(tx *gorm.DB) error {
			must(t, tx.Create(&company{Name: "lost"}).Error)
			return fail
		}); !errors.Is(err, fail) {
			t.Errorf("got %v", err)
		}
		tx := db.Begin()
		must(t, tx.Create(&company{Name: "by hand"}).Error)
		must(t, tx.SavePoint("here").Error)
		must(t, tx.Create(&company{Name: "undone"}).Error)
		must(t, tx.RollbackTo("here").Error)
		must(t, tx.Commit().Error)
		var names []string
		must(t, db.Model(&company{}).Order("id").Pluck("name", &names).Error)
		equal(t, names, []string{"kept", "kept too", "by hand"})

		rows, err := db.Model(&company{}).Rows()
		must(t, err)
		defer rows.Close()
		for rows.Next() {
			var c company
			must(t, db.ScanRows(rows, &c))
			must(t, db.Model(&c).Update("name", c.Name+"!").Error)
		}
		must(t, db.Connection(func(tx *gorm.DB) error { return tx.Exec(`PRAGMA foreign_keys`).Error }))
	})
}

func TestGORMMigrator(t *testing.T) {
	withGORM(t, func(t *testing.T, db *gorm.DB) {
		must(t, db.AutoMigrate(&company{}, &language{}, &user{}, &account{}, &pet{})) // again: nothing to do
		m := db.Migrator()
		equal(t, []bool{m.HasTable(&user{}), m.HasColumn(&user{}, "Score"), m.HasIndex(&user{}, "idx_name"), m.HasTable("nowhere")}, []bool{true, true, true, false})
		must(t, db.Create(&pet{Name: "cat"}).Error)

		type pet struct { // the next version of the model
			ID        uint
			Name      string `gorm:"size:100;not null"`
			OwnerID   uint
			OwnerType string
			Color     string `gorm:"default:black"`
		}
		must(t, db.AutoMigrate(&pet{}))
		var p pet
		must(t, db.First(&p).Error)
		equal(t, p.Color, "black")
		must(t, m.RenameColumn(&pet{}, "Color", "colour"))
		must(t, m.DropColumn(&pet{}, "colour"))
		must(t, m.DropIndex(&user{}, "idx_name"))
		must(t, m.CreateIndex(&user{}, "idx_name"))
		equal(t, m.HasIndex(&user{}, "idx_name"), true)
		types, err := m.ColumnTypes(&pet{})
		must(t, err)
		equal(t, len(types), 4)
		must(t, m.RenameTable("pets", "animals"))
		tables, err := m.GetTables()
		must(t, err)
		if len(tables) < 5 {
			t.Errorf("tables: %v", tables)
		}
		must(t, m.DropTable("animals"))
	})
}
