package report

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cordon/store/soc"
)

// codeFull is the code of a refusal because the tenant can hold no more indicators.
const codeFull = "indicator-cap"

// Indicators asks Defender for the indicators of a tenant. Errors: KindDenied ("no-right") and those of the tenant.
func (s *Service) Indicators(ctx context.Context, by soc.Session, id soc.IntegrationID) (soc.IndicatorList, error) {
	if err := s.may(ctx, by, soc.RightAlertsView, "list-indicators", string(id), id); err != nil {
		return soc.IndicatorList{}, err
	}
	tenant, err := s.o.Tenant(id)
	if err != nil {
		return soc.IndicatorList{}, err
	}
	return tenant.Indicators(ctx)
}

// AddIndicators puts indicators into a tenant and says for each what became of it, in the order given. Nothing that Defender has is changed:
// the same value with the same action counts as added, with another action it is refused. The whole batch is refused (KindRefused,
// "indicator-cap") when the tenant could not hold it. Other errors: KindDenied, and those of the tenant; then the results say what is known.
func (s *Service) AddIndicators(ctx context.Context, by soc.Session, id soc.IntegrationID, list []soc.Indicator) ([]soc.ItemResult, error) {
	if err := s.may(ctx, by, soc.RightAlertsEdit, "add-indicators", string(id), id); err != nil {
		return nil, err
	}
	tenant, err := s.reach(ctx, id)
	if err != nil {
		return nil, err
	}
	have, err := tenant.Indicators(ctx)
	if err != nil {
		return nil, err
	}
	results, todo := s.plan(id, have, list)
	if err := fits(have, len(todo)); err != nil {
		return results, errors.Join(err, s.note(ctx, by.Actor, id, soc.ResultRefused, err.Error()))
	}
	if len(todo) == 0 {
		return results, nil
	}
	if err := s.note(ctx, by.Actor, id, soc.ResultAccepted, fmt.Sprintf("%d indicators: %s", len(todo), sample(todo))); err != nil {
		return results, err
	}
	batch := make([]soc.Indicator, 0, len(todo))
	for _, t := range todo {
		batch = append(batch, t.Indicator)
	}
	told, sendErr := tenant.ImportIndicators(ctx, batch)
	added := 0
	var stored error
	for i, t := range todo {
		if i >= len(told) {
			results[t.at].Reason = "not sent"
			continue
		}
		results[t.at].OK, results[t.at].Reason = told[i].OK, told[i].Reason
		if told[i].OK {
			added++
			stored = errors.Join(stored, s.remember(ctx, by.Actor, t.Indicator))
		}
	}
	result := soc.ResultOK
	if added < len(todo) {
		result = soc.ResultFailed
	}
	noted := s.note(ctx, by.Actor, id, result, fmt.Sprintf("%d of %d indicators added", added, len(todo)))
	return results, errors.Join(sendErr, stored, noted)
}

// placed is an indicator that is to be sent, and its place in the batch.
type placed struct {
	soc.Indicator
	at int
}

// plan judges every item before anything is sent.
func (s *Service) plan(id soc.IntegrationID, have soc.IndicatorList, list []soc.Indicator) ([]soc.ItemResult, []placed) {
	there := map[string]soc.Indicator{}
	for _, i := range have.Indicators {
		there[soc.PushedKey(id, i.Type, i.Value)] = i
	}
	results := make([]soc.ItemResult, len(list))
	var todo []placed
	for n, i := range list {
		r := &results[n]
		r.Item = soc.Clean(i.Value)
		i.Integration = id
		if i.Application == "" {
			i.Application = "cordon"
		}
		fit, err := s.o.Check(i)
		if err != nil {
			r.Reason = soc.Clean(err.Error())
			continue
		}
		r.Item = fit.Value
		key := soc.PushedKey(id, fit.Type, fit.Value)
		old, known := there[key]
		switch {
		case !known:
			there[key] = fit
			todo = append(todo, placed{fit, n})
		case strings.EqualFold(old.Action, fit.Action):
			r.OK, r.Reason = true, "is there already"
		case old.ID == "":
			r.Reason = "stands twice in this batch, with different actions"
		default:
			r.Reason = fmt.Sprintf("is there already with the action %s: delete %s first", old.Action, old.ID)
		}
	}
	return results, todo
}

// fits refuses what the tenant can not hold, with the count.
func fits(have soc.IndicatorList, more int) error {
	limit := have.Cap
	if limit == 0 || len(have.Indicators)+more <= limit {
		return nil
	}
	return &soc.Error{
		Kind: soc.KindRefused, Code: codeFull,
		What:  fmt.Sprintf("the tenant holds %d indicators and can hold %d; %d more do not fit", len(have.Indicators), limit, more),
		Means: "nothing was sent", Next: "delete some that are no longer needed",
	}
}

// remember keeps an indicator that a person added, to follow it.
func (s *Service) remember(ctx context.Context, by soc.Actor, i soc.Indicator) error {
	now := s.o.Now()
	p := soc.Pushed{
		Key: soc.PushedKey(i.Integration, i.Type, i.Value), Indicator: i, By: by.Name, State: soc.PushedSubmitted,
		Reason: "taken by Defender; not in its list yet", Submitted: now, NextTry: now.Add(lookSoon),
	}
	for {
		old, err := s.o.Store.PushedOne(ctx, p.Key)
		if err == nil {
			p.Revision, p.Channel, p.Test = old.Revision, old.Channel, old.Test
		} else if !errors.Is(err, soc.ErrNotFound) {
			return fmt.Errorf("remembering the indicator: %w", err)
		}
		_, err = s.o.Store.SavePushed(ctx, p)
		if !errors.Is(err, soc.ErrConflict) || ctx.Err() != nil {
			return err
		}
	}
}

// DeleteIndicator removes an indicator of a tenant by Defender's id. Errors: KindDenied, KindNotFound, and those of the tenant.
func (s *Service) DeleteIndicator(ctx context.Context, by soc.Session, id soc.IntegrationID, indicator string) error {
	if err := s.may(ctx, by, soc.RightAlertsEdit, "delete-indicator", indicator, id); err != nil {
		return err
	}
	tenant, err := s.reach(ctx, id)
	if err != nil {
		return err
	}
	have, err := tenant.Indicators(ctx)
	if err != nil {
		return err
	}
	entry := soc.AuditEntry{Integration: id, Actor: by.Actor, Action: "delete-indicator", Target: soc.Clean(indicator), Result: soc.ResultAccepted}
	key := ""
	for _, i := range have.Indicators { // the history names what was deleted, not only its number
		if i.ID == indicator {
			entry.Target = i.Type + " " + clip(i.Value, 100)
			entry.Before = i.Action + ", " + i.Title
			key = soc.PushedKey(id, i.Type, i.Value)
		}
	}
	if err := s.o.Store.AppendAudit(ctx, entry); err != nil {
		return fmt.Errorf("writing the audit history: %w", err)
	}
	err = tenant.DeleteIndicator(ctx, indicator)
	entry.Result, entry.Detail = soc.ResultOK, ""
	if err != nil {
		entry.Result, entry.Detail = soc.ResultFailed, soc.Clean(err.Error())
	}
	ctx = context.WithoutCancel(ctx)
	if noted := s.o.Store.AppendAudit(ctx, entry); noted != nil {
		err = errors.Join(err, fmt.Errorf("writing the audit history: %w", noted))
	}
	if err != nil {
		return err
	}
	return s.forget(ctx, by.Actor, id, indicator, key)
}

// forget notes that an indicator of ours was deleted by a person, so that no test brings it back. One that was added a moment ago has only
// its key: its id is not known here yet.
func (s *Service) forget(ctx context.Context, by soc.Actor, id soc.IntegrationID, indicator, key string) error {
	list, err := s.o.Store.Pushed(ctx)
	if err != nil {
		return fmt.Errorf("looking for the indicator: %w", err)
	}
	for _, p := range list {
		if p.Indicator.Integration != id || p.Indicator.ID != indicator && (p.Indicator.ID != "" || p.Key != key) {
			continue
		}
		_, err := s.changePushed(ctx, p.Key, func(p *soc.Pushed) []soc.AuditEntry {
			p.State, p.Reason, p.NextTry = soc.PushedDeleted, "deleted by "+by.Name, time.Time{}
			return []soc.AuditEntry{}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) note(ctx context.Context, by soc.Actor, id soc.IntegrationID, result, detail string) error {
	e := soc.AuditEntry{Integration: id, Actor: by, Action: "add-indicators", Target: string(id), Result: result, Detail: soc.Clean(detail)}
	if err := s.o.Store.AppendAudit(context.WithoutCancel(ctx), e); err != nil {
		return fmt.Errorf("writing the audit history: %w", err)
	}
	return nil
}

// sample names the first few indicators of a batch.
func sample(todo []placed) string {
	var names []string
	for i, t := range todo {
		if i == 5 {
			return strings.Join(append(names, "…"), ", ")
		}
		names = append(names, t.Type+" "+clip(t.Value, 70))
	}
	return strings.Join(names, ", ")
}
