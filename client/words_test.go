package client

import (
	"crypto/x509"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestV10_WordsNameWhatToPressAndToSet(t *testing.T) {
	t.Parallel()
	at := &url.URL{Scheme: "https", Host: "api.test"}
	if e := unreachable("Defender", at, x509.UnknownAuthorityError{}); !strings.Contains(e.Error(), "set the CA file or CA bundle (--ca-file)") {
		t.Errorf("%v", e)
	}
	if got := (&Client{tokens: &tokens{scopes: []string{"s"}}}).audienceAdvice(); got != "test it in the settings (ctrl+t)" {
		t.Errorf("%q", got)
	}
	for d, want := range map[time.Duration]string{
		time.Hour: "1h", 24 * time.Hour: "24h", 80 * time.Minute: "1h20m", 10 * time.Minute: "10m", 100 * time.Minute: "1h40m",
		59*time.Minute + 59*time.Second: "1h", 10 * time.Second: "less than a minute", 20 * time.Hour: "20h",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%s) = %q, want %q", d, got, want)
		}
	}
}
