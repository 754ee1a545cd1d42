package client

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds of a Retry-After that is believed (F30).
const (
	minRetryAfter     = time.Second
	maxRetryAfter     = 15 * time.Minute
	defaultRetryAfter = time.Minute
)

// retryAfter reads a Retry-After header: seconds or an HTTP date, counted from the server's own Date when there is one, so that a clock
// difference does not turn into waiting. Nonsense and absence are a minute; the result lies within a second and fifteen minutes.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return defaultRetryAfter
	}
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case s != s: // NaN
			return defaultRetryAfter
		case s >= maxRetryAfter.Seconds():
			return maxRetryAfter
		case s <= minRetryAfter.Seconds():
			return minRetryAfter
		}
		return time.Duration(s * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return defaultRetryAfter
	}
	if server, err := http.ParseTime(h.Get("Date")); err == nil {
		now = server
	}
	return min(max(at.Sub(now), minRetryAfter), maxRetryAfter)
}

// seconds writes a waiting time for people.
func seconds(d time.Duration) string {
	d = max(d, time.Second).Round(time.Second)
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
}
