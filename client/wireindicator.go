package client

import (
	"encoding/json"
	"errors"

	"cordon/store/soc"
)

type wireIndicator struct {
	ID                      flexString `json:"id"`
	IndicatorValue          flexString `json:"indicatorValue"`
	IndicatorType           flexString `json:"indicatorType"`
	Action                  flexString `json:"action"`
	Severity                flexString `json:"severity"`
	Title                   flexString `json:"title"`
	Description             flexString `json:"description"`
	Application             flexString `json:"application"`
	CreatedBy               flexString `json:"createdBy"`
	CreatedByDisplayName    flexString `json:"createdByDisplayName"`
	CreationTimeDateTimeUtc flexTime   `json:"creationTimeDateTimeUtc"`
	ExpirationTime          flexTime   `json:"expirationTime"`
	GenerateAlert           flexBool   `json:"generateAlert"`
}

// decodeIndicator turns an indicator's bytes into the vocabulary. Without id and value it is none.
func decodeIndicator(in soc.IntegrationID, raw []byte) (soc.Indicator, error) {
	var w wireIndicator
	if err := json.Unmarshal(raw, &w); err != nil {
		return soc.Indicator{}, err
	}
	i := soc.Indicator{
		Integration: in, ID: word(w.ID), Type: word(w.IndicatorType), Value: word(w.IndicatorValue), Action: word(w.Action),
		Severity: word(w.Severity), Title: text(w.Title), Description: lines(w.Description), Application: word(w.Application),
		CreatedBy: orDefault(word(w.CreatedByDisplayName), word(w.CreatedBy)), CreatedAt: w.CreationTimeDateTimeUtc.Time,
		Expires: w.ExpirationTime.Time, Alert: bool(w.GenerateAlert),
	}
	if i.ID == "" || i.Value == "" {
		return soc.Indicator{}, errors.New("an indicator without id or value")
	}
	return i, nil
}

// indicatorBody is what Defender wants written; the letter case of keys and values matters.
type indicatorBody struct {
	Value       string  `json:"indicatorValue"`
	Type        string  `json:"indicatorType"`
	Action      string  `json:"action"`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	Severity    string  `json:"severity,omitempty"`
	Application string  `json:"application,omitempty"`
	Expires     *string `json:"expirationTime,omitempty"`
	Alert       bool    `json:"generateAlert"`
}

func bodyOfIndicator(i soc.Indicator) indicatorBody {
	b := indicatorBody{
		Value: i.Value, Type: i.Type, Action: i.Action, Title: i.Title, Description: i.Description, Severity: i.Severity,
		Application: i.Application, Alert: i.Alert,
	}
	if !i.Expires.IsZero() {
		at := i.Expires.UTC().Format("2006-01-02T15:04:05Z")
		b.Expires = &at
	}
	return b
}

// wireItem is what became of one item of a batch.
type wireItem struct {
	ID            flexString `json:"id"`
	Indicator     flexString `json:"indicator"`
	IsFailed      *flexBool  `json:"isFailed"`
	FailureReason flexString `json:"failureReason"`
}
