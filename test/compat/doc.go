// Package compat runs libraries that others wrote on the driver: GORM, goose,
// sqlx, bun, and code that sqlc generated. It is a module of its own, so that
// the product depends on none of them; test/thirdparty runs its tests along
// with those of the product.
package compat
