package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func configCmd(app App, o *Options) *cobra.Command {
	show := &cobra.Command{
		Use: "show", Short: "Effective values and where each comes from", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return showConfig(c, app, o) },
	}
	path := &cobra.Command{
		Use: "path", Short: "Print the paths of the configuration file and the data folder", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return configPath(c, app, o) },
	}
	validate := &cobra.Command{
		Use: "validate", Short: "Check the configuration file, the environment and the flags", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return validateConfig(c, app, o) },
	}
	return group("config", "Where the configuration is and what is in force", show, path, validate, exportConfigCmd(app, o), importConfigCmd(app, o))
}

func showConfig(c *cobra.Command, app App, o *Options) error {
	set, err := app.Config(*o)
	if err != nil {
		return err
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"settings": set})
	}
	t := newTable(c.OutOrStdout(), "KEY", "VALUE", "ORIGIN")
	for _, s := range set {
		t.row(s.Key, s.Value, s.Origin)
	}
	return t.flush()
}

func configPath(c *cobra.Command, app App, o *Options) error {
	file, data, err := app.Paths(*o)
	if err != nil {
		return err
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"config": file, "data": data})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "config  %s\ndata    %s\n", file, data)
	return err
}

func validateConfig(c *cobra.Command, app App, o *Options) error {
	if _, err := app.Config(*o); err != nil {
		return err
	}
	if o.JSON {
		return printJSON(c.OutOrStdout(), map[string]any{"valid": true})
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), "the configuration is valid")
	return err
}
