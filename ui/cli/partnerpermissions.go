package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func partnerPermissionsCmd(app App, o *Options) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "permissions [NAME]", Short: "Show what the app registration of a tenant allows", Args: between(0, 1, "name"),
		Long: `Sign in anew and show which permissions were consented to, which permission sets they satisfy, and what each set allows with cordon.
A permission that a chosen set asks for (partner attach --profile) and the token does not carry is "requested, not consented".`,
		RunE: func(c *cobra.Command, args []string) error {
			if name != "" && len(args) == 1 && args[0] == "defender" { // as attach and detach are written
				args = nil
			}
			if len(args) == 1 && name != "" {
				return usageOf(c, "give the name once, as an argument or with --name")
			}
			return with(app, o, func(c *cobra.Command, b *Backend) error {
				return partnerPermissions(c, o, b, name+strings.Join(args, ""))
			})(c, nil)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "integration, when several are attached")
	return cmd
}

type permissionView struct {
	API   string `json:"api"`
	Role  string `json:"role"`
	State string `json:"state"`
	For   string `json:"for"`
}

type profileView struct {
	Name      string           `json:"name"`
	Satisfied bool             `json:"satisfied"`
	Missing   []permissionView `json:"missing"`
	Allows    []string         `json:"allows"`
	Denies    []string         `json:"denies"`
}

func partnerPermissions(c *cobra.Command, o *Options, b *Backend, name string) error {
	in, err := oneIntegration(c, b, name)
	if err != nil {
		return err
	}
	r, err := b.Connector.PermissionsNow(c.Context(), b.Session, in.ID)
	if err != nil {
		return err
	}
	if o.JSON {
		err = permissionsJSON(c, in, r)
	} else {
		err = permissionsTable(c, in, r)
	}
	if err == nil && !r.Known {
		return &soc.Error{
			Kind: soc.KindUnauthorized, Code: "no-token", What: "nothing is known about the permissions of " + in.Name, Means: r.Problem,
			Next: `see "cordon partner test"`,
		}
	}
	return err
}

func permissionsJSON(c *cobra.Command, in soc.Integration, r soc.PermissionReport) error {
	profiles := make([]profileView, 0, len(r.Profiles))
	for _, p := range r.Profiles {
		profiles = append(profiles, profileView{p.Name, p.Satisfied, permissionViews(lacking(p)), texts(p.Allows), texts(p.Denies)})
	}
	return printJSON(c.OutOrStdout(), map[string]any{
		"integration": in.Name, "tenant": r.Tenant, "known": r.Known, "delegated": r.Delegated, "problem": r.Problem,
		"permissions": permissionViews(r.Permissions), "profiles": profiles,
	})
}

func permissionViews(list []soc.Permission) []permissionView {
	out := make([]permissionView, 0, len(list))
	for _, p := range list {
		out = append(out, permissionView{p.API, p.Role, string(p.State), p.For})
	}
	return out
}

// texts makes an empty list of nil, so that scripts always find a list.
func texts(list []string) []string { return append([]string{}, list...) }

func permissionsTable(c *cobra.Command, in soc.Integration, r soc.PermissionReport) error {
	w := c.OutOrStdout()
	t := newTable(w, "API", "PERMISSION", "STATE", "FOR")
	for _, p := range r.Permissions {
		state := string(p.State)
		if p.State == soc.PermissionGranted {
			state = "granted for " + r.Tenant
		}
		t.row(p.API, p.Role, state, p.For)
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, p := range r.Profiles {
		word := "satisfied"
		if miss := lacking(p); len(miss) > 0 {
			var names []string
			for _, m := range miss {
				names = append(names, m.Role+" "+string(m.State))
			}
			word = strings.Join(names, ", ")
		}
		fmt.Fprintf(w, "%s profile: %s\n", p.Name, word)
		for _, text := range p.Allows {
			fmt.Fprintf(w, "  allows  %s\n", text)
		}
		for _, text := range p.Denies {
			fmt.Fprintf(w, "  not     %s\n", text)
		}
	}
	if r.Problem != "" {
		warn(c, "%s: %s", in.Name, r.Problem)
	}
	return nil
}

// lacking is what a profile misses. A delegated permission that no application token shows is no reason.
func lacking(p soc.Profile) []soc.Permission {
	if p.Satisfied {
		return nil
	}
	var out []soc.Permission
	for _, q := range p.Permissions {
		if q.State != soc.PermissionGranted && q.Role != "User.Read" {
			out = append(out, q)
		}
	}
	return out
}
