package sim

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// spend books one call on the endpoint. When a limit is reached it returns how
// long to wait and the message of the service; the refused call costs nothing.
func (t *Tenant) spend(ep *endpoint) (wait time.Duration, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.journal.calls[ep.name]++
	if t.behave.NoQuota {
		return 0, ""
	}
	now := t.now()
	used := dropBefore(t.quota[ep.name], now.Add(-time.Hour))
	t.quota[ep.name] = used
	if wait := waitFor(used, now, time.Minute, ep.perMin); wait > 0 {
		return wait, quotaText(ep.perMin, "00:01:00")
	}
	if wait := waitFor(used, now, time.Hour, ep.perHour); wait > 0 {
		return wait, quotaText(ep.perHour, "01:00:00")
	}
	t.quota[ep.name] = append(used, now)
	return 0, ""
}

// waitFor returns how long until one more call fits into the window; 0 if it
// fits now.
func waitFor(used []time.Time, now time.Time, window time.Duration, limit int) time.Duration {
	inside := dropBefore(used, now.Add(-window))
	if len(inside) < limit {
		return 0
	}
	return max(inside[len(inside)-limit].Add(window).Sub(now), time.Second)
}

func dropBefore(times []time.Time, limit time.Time) []time.Time {
	for i, at := range times {
		if at.After(limit) {
			return times[i:]
		}
	}
	return nil
}

func quotaText(limit int, window string) string {
	return "API calls quota exceeded! maximum allowed " + strconv.Itoa(limit) + " per " + window
}

func (c *call) throttle(wait time.Duration, text string) {
	c.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	c.fail(http.StatusTooManyRequests, "TooManyRequests", text)
}
