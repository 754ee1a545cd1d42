package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"cordon/store/soc"
)

func partnerCmd(app App, o *Options) *cobra.Command {
	return group("partner", "Attach, test and detach Defender tenants",
		attachCmd(app, o), detachCmd(app, o), partnerListCmd(app, o), partnerTestCmd(app, o), partnerPermissionsCmd(app, o))
}

func onlyDefender(c *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] != "defender" {
		return usageOf(c, `name the partner: "defender"`)
	}
	return nil
}

// oneIntegration resolves a name exactly; no name means the only one there is (C-17: never a default set).
func oneIntegration(c *cobra.Command, b *Backend, name string) (soc.Integration, error) {
	ins, err := b.Store.Integrations(c.Context())
	if err != nil {
		return soc.Integration{}, err
	}
	if name == "" && len(ins) == 1 {
		return ins[0], nil
	}
	names := make([]string, 0, len(ins))
	for _, in := range ins {
		if in.Name == name {
			return in, nil
		}
		names = append(names, in.Name)
	}
	switch {
	case len(ins) == 0:
		return soc.Integration{}, &soc.Error{
			Kind: soc.KindNotFound, Code: "no-integration", What: "no tenant is attached", Next: `attach one with "cordon partner attach defender"`,
		}
	case name == "":
		return soc.Integration{}, &soc.Error{
			Kind: soc.KindAmbiguous, Code: "several-integrations", What: "several tenants are attached: " + list(names), Next: "name one with --name",
		}
	}
	return soc.Integration{}, &soc.Error{
		Kind: soc.KindNotFound, Code: "no-integration", What: fmt.Sprintf("no integration is called %q", soc.Clean(name)),
		Next: "there are: " + list(names),
	}
}

func partnerListCmd(app App, o *Options) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List attached tenants", Args: noArgs,
		RunE: with(app, o, func(c *cobra.Command, b *Backend) error { return listPartners(c, o, b) }),
	}
}

func listPartners(c *cobra.Command, o *Options, b *Backend) error {
	views, err := tenantViews(c, b)
	if err != nil {
		return err
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"integrations": views})
	}
	t := newTable(c.OutOrStdout(), "NAME", "TENANT", "ENV", "ENABLED", "LAST-POLL", "API", "PROBLEM")
	for _, v := range views {
		t.row(v.Name, v.Tenant, v.Environment, onOff(v.Enabled), stamp(v.LastOK), v.API, v.LastError)
	}
	if len(views) == 0 {
		note(c, o, "%s", howToAttach)
	}
	return t.flush()
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func partnerTestCmd(app App, o *Options) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "test [NAME]", Short: "Run the connection test of a tenant", Args: between(0, 1, "name"),
		RunE: func(c *cobra.Command, args []string) error {
			if name != "" && len(args) == 1 && args[0] == "defender" { // as attach and detach are written
				args = nil
			}
			if len(args) == 1 && name != "" {
				return usageOf(c, "give the name once, as an argument or with --name")
			}
			return with(app, o, func(c *cobra.Command, b *Backend) error { return partnerTest(c, o, b, name+strings.Join(args, "")) })(c, nil)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "integration, when several are attached")
	return cmd
}

type stepView struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Millis int64  `json:"ms"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

func partnerTest(c *cobra.Command, o *Options, b *Backend, name string) error {
	in, err := oneIntegration(c, b, name)
	if err != nil {
		return err
	}
	report := func(soc.Step) {}
	if !o.JSON {
		report = func(s soc.Step) { printStep(c.OutOrStdout(), s) } // here the steps are the result
	}
	steps, err := b.Connector.Test(c.Context(), b.Session, in, "", report)
	if o.JSON && (err == nil || len(steps) > 0) {
		views := make([]stepView, 0, len(steps))
		for _, s := range steps {
			views = append(views, stepView{s.Name, s.Status, s.Took.Milliseconds(), s.Detail, s.Fix})
		}
		if perr := printJSON(c.OutOrStdout(), map[string]any{"integration": in.Name, "steps": views}); perr != nil {
			return perr
		}
	}
	if err != nil {
		return err
	}
	return verdict(in, steps)
}

// verdict is the error of the first failed step, nil if none failed.
func verdict(in soc.Integration, steps []soc.Step) error {
	for _, s := range steps {
		if s.Status == soc.StepFail {
			return &soc.Error{
				Kind: kindOfStep(s.Name), Code: "test-failed", What: "the test of " + in.Name + " failed at: " + s.Name, Means: s.Detail, Next: s.Fix,
			}
		}
	}
	return nil
}

// kindOfStep tells "Defender said no" from "Defender was not reached".
func kindOfStep(name string) soc.Kind {
	switch {
	case name == "sign in", name == "audience and tenant", strings.HasPrefix(name, "role:"), strings.HasPrefix(name, "profile:"):
		return soc.KindUnauthorized
	case name == "clock":
		return soc.KindInternal
	}
	return soc.KindUnavailable
}

// progress prints each finished step of a connection test to standard error, as far as it says something.
func progress(c *cobra.Command, o *Options) func(soc.Step) {
	return func(s soc.Step) {
		if !o.JSON && s.Status != soc.StepSkip {
			printStep(c.ErrOrStderr(), s)
		}
	}
}

func printStep(w io.Writer, s soc.Step) {
	if s.Status == soc.StepRun {
		return
	}
	took := fmt.Sprintf("%5d ms", s.Took.Milliseconds())
	if s.Status == soc.StepSkip {
		took, s.Detail = "        ", "not tried"
	}
	fmt.Fprintf(w, "%-4s  %-37s %s  %s\n", s.Status, s.Name, took, s.Detail)
	if s.Status == soc.StepFail && s.Fix != "" {
		fmt.Fprintf(w, "      %s\n", s.Fix)
	}
}
