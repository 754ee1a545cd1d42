// Package sim is a Microsoft Defender for Endpoint tenant that lives inside a
// process: sign-in, alerts, machines, machine actions and indicators over real
// HTTP.
//
// Tests wrap a [Tenant] with httptest, the demo and "cordon simulate" give it
// a TLS listener with [Serve]; the client under test never learns that it is
// not the real thing. That is why this package shares no type with the rest of
// the program: its JSON is written from the documentation, so a wrong field
// name in the client cannot agree with the same wrong name here.
//
// What it promises:
//
//   - It models behaviour, not only replies. A 201 is an order, not an
//     isolation: actions move Pending, InProgress, Succeeded on the clock given
//     in [Options], wait for hosts that are offline, time out after 72 hours,
//     collide with other people's actions and can finish out of order.
//   - It is deterministic. One seed and one sequence of clock readings and
//     requests give the same answers, byte for byte, apart from the signatures
//     of access tokens.
//   - It knows the truth. [Tenant.Isolated] and [Tenant.Posts] tell what really
//     happened, whatever the faults made the client believe.
//   - What an app registration lacks is missing everywhere: tokens carry the roles
//     of one resource ([Tenant.Grant], [Profile]), an alert by reference wants an
//     event that hunting knows, and the smaller indicator role sees only its own.
//   - A person can turn it while it runs, with the methods of Tenant or with POST
//     /control and the key of [Tenant.ControlKey].
//   - It has no package state and starts no goroutines of its own; time passes
//     when a request or [Tenant.Advance] looks at the clock.
//
// Caveats: where the documentation is silent or contradicts itself the choice
// is a field of [Behaviour]; of hunting only questions for the events of devices
// are answered, and live response is absent; the worlds are invented (addresses
// from RFC 1918 and RFC 5737, names under the reserved domain "example").
package sim
