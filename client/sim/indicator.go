package sim

import "time"

// Indicator is one indicator of compromise as the tenant holds it. Empty texts
// and zero times are null on the wire.
type Indicator struct {
	ID                 string // a number; given by the tenant
	Value              string
	Type               string
	Action             string
	Title              string
	Description        string
	Severity           string
	RecommendedActions string
	Application        string // set by the first write, never changed
	EducateURL         string
	GenerateAlert      bool
	RbacGroupNames     []string
	RbacGroupIDs       []string
	Expires            time.Time // zero: never

	Created, Updated time.Time
	CreatedBy        string // application id, or the name of a person
	CreatedByName    string
	CreatedInPortal  bool
	UpdatedBy        string

	// Raw, when set, is sent instead of the fields above.
	Raw string

	visible time.Time // the list shows it from here on
}

func (e *enc) indicator(i *Indicator) {
	if i.Raw != "" {
		e.comma()
		e.b = append(e.b, i.Raw...)
		return
	}
	e.open('{')
	e.indicatorBody(i)
	e.close('}')
}

func (e *enc) indicatorBody(i *Indicator) {
	source, kind := "PublicApi", "AadApp"
	if i.CreatedInPortal {
		source, kind = "Portal", "User"
	}
	e.str("id", i.ID)
	e.str("indicatorValue", i.Value)
	e.str("indicatorType", i.Type)
	e.str("action", i.Action)
	e.opt("createdBy", i.CreatedBy)
	e.opt("createdByDisplayName", i.CreatedByName)
	e.str("createdBySource", source)
	e.opt("source", i.CreatedByName)
	e.str("sourceType", kind)
	e.time("creationTimeDateTimeUtc", i.Created)
	e.time("lastUpdateTime", i.Updated)
	e.opt("lastUpdatedBy", i.UpdatedBy)
	e.time("expirationTime", i.Expires)
	e.opt("severity", i.Severity)
	e.str("title", i.Title)
	e.str("description", i.Description)
	e.opt("recommendedActions", i.RecommendedActions)
	e.opt("application", i.Application)
	e.opt("educateUrl", i.EducateURL)
	e.flag("generateAlert", i.GenerateAlert)
	e.strings("rbacGroupNames", i.RbacGroupNames)
	e.strings("rbacGroupIds", i.RbacGroupIDs)
	e.num("category", 1)
	for _, key := range []string{
		"externalId", "bypassDurationHours", "notificationId", "notificationBody", "version", "historicalDetection", "lookBackPeriod", "additionalInfo",
		"certificateInfo",
	} {
		e.null(key)
	}
	e.strings("mitreTechniques", nil)
}

// The indicator properties that a filter may name (defender-api 2.7).
const (
	indApplication = iota
	indCreatedByName
	indExpires
	indGenerateAlert
	indTitle
	indGroupNames
	indGroupIDs
	indValue
	indType
	indCreated
	indCreatedBy
	indAction
	indSeverity
)

func indicatorSchema() schema {
	return schema{
		"application":             {indApplication, kindString},
		"createdbydisplayname":    {indCreatedByName, kindString},
		"expirationtime":          {indExpires, kindTime},
		"generatealert":           {indGenerateAlert, kindBool},
		"title":                   {indTitle, kindString},
		"rbacgroupnames":          {indGroupNames, kindList},
		"rbacgroupids":            {indGroupIDs, kindList},
		"indicatorvalue":          {indValue, kindString},
		"indicatortype":           {indType, kindString},
		"creationtimedatetimeutc": {indCreated, kindTime},
		"createdby":               {indCreatedBy, kindString},
		"action":                  {indAction, kindString},
		"severity":                {indSeverity, kindString},
	}
}

func (i *Indicator) property(id int) value {
	switch id {
	case indApplication:
		return stringValue(i.Application)
	case indCreatedByName:
		return stringValue(i.CreatedByName)
	case indExpires:
		return timeValue(i.Expires)
	case indGenerateAlert:
		v := value{kind: kindBool}
		if i.GenerateAlert {
			v.n = 1
		}
		return v
	case indTitle:
		return stringValue(i.Title)
	case indGroupNames:
		return value{kind: kindList, list: i.RbacGroupNames}
	case indGroupIDs:
		return value{kind: kindList, list: i.RbacGroupIDs}
	case indValue:
		return stringValue(i.Value)
	case indType:
		return stringValue(i.Type)
	case indCreated:
		return timeValue(i.Created)
	case indCreatedBy:
		return stringValue(i.CreatedBy)
	case indAction:
		return stringValue(i.Action)
	}
	return stringValue(i.Severity)
}
