//go:build tools

// Package tools names the program that this module exists to build, so that go.sum holds all of it.
package tools

import _ "github.com/docker/machine/cmd/docker-machine"
