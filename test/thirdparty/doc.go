// Package thirdparty runs the tests of test/compat, a module of its own, along
// with those of the product: the driver for database/sql under libraries that
// others wrote.
package thirdparty
