module github.com/skylinedb/skylinedb/bench/clib

go 1.26.0

replace github.com/skylinedb/skylinedb => ../..

require (
	github.com/mattn/go-sqlite3 v1.14.53
	github.com/skylinedb/skylinedb v0.0.0
)
