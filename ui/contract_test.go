package ui

import "cordon/ui/uitest"

// The world of the tests must answer everything that the console asks, with the same signatures.
var (
	_ Reader    = (*uitest.World)(nil)
	_ Commander = (*uitest.World)(nil)
	_ Connector = (*uitest.World)(nil)
	_ Channels  = (*uitest.World)(nil)
	_ Reports   = (*uitest.World)(nil)
)
