//go:build race

package document_test

const raced = true
