// Package e2e holds the tests that drive the real program in a real pseudo-terminal, against a simulated tenant over HTTPS, and kill it
// where it hurts. The program is built with the race detector. Nothing here shares memory with it.
package e2e
