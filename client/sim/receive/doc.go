// Package receive is where notifications arrive: a tiny mail server, a syslog
// collector and a webhook endpoint, for tests and for a person who wants to see
// what a console sends.
//
// Each receiver listens on a loopback address, keeps everything that arrived in
// an [Inbox], and can misbehave on request: refuse, answer with an error, say
// "try again later", or never answer. A test waits for the n-th arrival with
// [Inbox.Wait], which returns the moment it is there; nothing polls and nothing
// sleeps. The Tell option gets one line for each arrival, so a command can print
// them; such a line is text from outside, and whoever prints it cleans it.
//
// Like the simulator next to it this package shares no code with the senders:
// framing, signatures and escapes are read here from their specifications (RFC
// 5321, RFC 5424, RFC 6587, Standard Webhooks), so a sender cannot agree with
// its own mistake.
package receive
