package client_test

import (
	"testing"
	"time"

	"cordon/client/sim"
	"cordon/store/soc"
)

// TestM01_TheNewestEventOfADevice is what an alert can be tied to: exactly as Defender wrote it, to its last digit.
func TestM01_TheNewestEventOfADevice(t *testing.T) {
	t.Parallel()
	srv, c, _ := tenant(t, sim.Options{EventEvery: -1, Alerts: -1})
	m := srv.Tenant.MachineAt(0).ID
	at := time.Now().UTC().Add(-time.Minute).Truncate(time.Second).Add(1234567 * 100 * time.Nanosecond)
	want, err := srv.Tenant.AddEvent(m, at)
	if err != nil {
		t.Fatal(err)
	}
	got, id, err := c.LastEvent(t.Context(), m)
	if err != nil || id != want || !got.Equal(at) {
		t.Errorf("event %s at %s, %v; want %s at %s", id, got, err, want, at)
	}
	fresh := srv.Tenant.AddMachine(sim.Machine{ComputerDNSName: "phone", FirstSeen: time.Now(), OnboardingStatus: "Onboarded"})
	if _, id, err := c.LastEvent(t.Context(), fresh); id == "" && soc.KindOf(err) != soc.KindNotFound {
		t.Errorf("a device without events: %v, want not found", err)
	}
	if _, _, err := c.LastEvent(t.Context(), `x' or DeviceId != '`); soc.KindOf(err) != soc.KindInvalid {
		t.Errorf("an id with a quote: %v, want invalid", err)
	}
	srv.Tenant.SetRoles("Machine.Read.All")
	if err := c.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.LastEvent(t.Context(), m); soc.KindOf(err) != soc.KindDenied {
		t.Errorf("without the role: %v, want denied", err)
	}
}
