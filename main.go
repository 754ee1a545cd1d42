// Command cordon is a terminal console for analysts of Microsoft Defender for Endpoint. See README.md, and package ui/program for how its
// parts are put together.
package main

import (
	"io"
	"os"

	"cordon/ui/program"
)

// version is set by the linker.
var version = "0.1.0-dev"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main with its surroundings as arguments; it returns the exit code.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	return program.Run(version, args, in, out, errOut)
}
