package cli

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func tokensCmd(app App, o *Options) *cobra.Command {
	ls := &cobra.Command{
		Use: "list", Short: "The tokens of programs, without their values", Args: noArgs,
		RunE: with(app, o, func(c *cobra.Command, b *Backend) error { return listTokens(c, app, o, b) }),
	}
	rm := &cobra.Command{
		Use: "remove NAME", Short: "Remove a token: from now on it lets nobody in", Args: between(1, 1, "name"),
		RunE: func(c *cobra.Command, args []string) error {
			return with(app, o, func(c *cobra.Command, b *Backend) error { return removeToken(c, o, b, args[0]) })(c, nil)
		},
	}
	return group("tokens", "Tokens with which programs come in over HTTP", ls, addTokenCmd(app, o), rm)
}

func addTokenCmd(app App, o *Options) *cobra.Command {
	var scopes []string
	var channel, expires string
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Make a token; its value is printed once and never again", Args: between(1, 1, "name"),
		Example: `  cordon tokens add dashboard --scope lockdowns --scope metrics
  cordon tokens add mobile-server --scope threats --channel mobile --expires 8760h`,
	}
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, "lockdowns, threats, probes or metrics; may be given several times")
	cmd.Flags().StringVar(&channel, "channel", "", "threats, probes: name of the channel that its reports go through")
	cmd.Flags().StringVar(&expires, "expires", "", "how long it is good for, for example 8760h, or a day such as 2027-01-31 (default: no end)")
	cmd.RunE = func(c *cobra.Command, args []string) error {
		until, err := expiry(app.Now(), expires)
		if err != nil {
			return usageOf(c, "--expires: "+err.Error())
		}
		return with(app, o, func(c *cobra.Command, b *Backend) error {
			t := soc.Token{Name: args[0], Scopes: scopes, Expires: until}
			if channel != "" {
				ch, err := channelNamed(c, b, channel)
				if err != nil {
					return err
				}
				t.Channel = ch.ID
			}
			return addToken(c, o, b, t)
		})(c, nil)
	}
	return cmd
}

// expiry reads a length of time or a day, empty for never.
func expiry(now time.Time, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d), nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a length such as 8760h nor a day such as 2027-01-31", soc.Clean(text))
	}
	return at, nil
}

func addToken(c *cobra.Command, o *Options, b *Backend, draft soc.Token) error {
	t, value, err := b.Channels.AddToken(c.Context(), b.Session, draft)
	if err != nil {
		return forShell(err)
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"name": t.Name, "id": t.ID, "scopes": t.Scopes, "token": value})
	}
	note(c, o, "keep the value now: it is not shown again, and only its hash is stored")
	_, err = fmt.Fprintln(c.OutOrStdout(), value)
	return err
}

type tokenView struct {
	Name     string    `json:"name"`
	ID       string    `json:"id"`
	Scopes   []string  `json:"scopes"`
	Channel  string    `json:"channel,omitempty"`
	Through  string    `json:"channel_name,omitempty"` // the name of the channel, its id if it is gone
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	LastUsed time.Time `json:"last_used,omitzero"`
}

func listTokens(c *cobra.Command, app App, o *Options, b *Backend) error {
	all, err := b.Channels.Tokens(c.Context())
	if err != nil {
		return err
	}
	names, err := channelNames(c, b)
	if err != nil {
		return err
	}
	views := []tokenView{}
	for _, t := range all {
		views = append(views, tokenView{
			t.Name, t.ID, t.Scopes, string(t.Channel), cmp.Or(names[t.Channel], string(t.Channel)), t.Created, t.Expires, t.LastUsed,
		})
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"tokens": views})
	}
	t := newTable(c.OutOrStdout(), "NAME", "SCOPES", "CHANNEL", "CREATED", "EXPIRES", "LAST USED")
	for _, v := range views {
		until := stamp(v.Expires)
		if !v.Expires.IsZero() && v.Expires.Before(app.Now()) {
			until += " EXPIRED"
		}
		t.row(v.Name, strings.Join(v.Scopes, ","), v.Through, stamp(v.Created), until, age(app.Now(), v.LastUsed))
	}
	return t.flush()
}

func channelNames(c *cobra.Command, b *Backend) (map[soc.ChannelID]string, error) {
	list, err := b.Channels.Channels(c.Context())
	if err != nil {
		return nil, err
	}
	names := map[soc.ChannelID]string{}
	for _, s := range list {
		if s.Channel.ID != "" {
			names[s.Channel.ID] = s.Channel.Name
		}
	}
	return names, nil
}

func removeToken(c *cobra.Command, o *Options, b *Backend, name string) error {
	all, err := b.Channels.Tokens(c.Context())
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.Name == name {
			if err := b.Channels.RemoveToken(c.Context(), b.Session, t.ID); err != nil {
				return forShell(err)
			}
			return said(c, o, name, "removed", true, "removed the token "+name)
		}
	}
	return &soc.Error{
		Kind: soc.KindNotFound, Code: "no-token", What: fmt.Sprintf("no token is called %q", soc.Clean(name)), Next: `see "cordon tokens list"`,
	}
}
