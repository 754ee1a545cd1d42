package settings

import "cordon/ui/pane"

// guide is the page that tells a newcomer what is needed, who can do it and where (Z-04, M-12, T-06, P-01, P-02, T-08). Each part is a title
// and its paragraphs.
func guide() [][]string {
	return [][]string{
		{
			"Before you begin",
			"An Entra tenant in which you can register apps and manage their permissions.",
			"Somebody who can grant admin consent: a Global Administrator, or a Privileged Role Administrator. An Application Administrator can do " +
				"it as well, as long as no permission of Microsoft Graph is among them.",
			"A way out on port 443 to the two hosts that the form lists, and the Defender agent on the hosts.",
		},
		{
			"1 Register an app",
			"Entra admin centre (entra.microsoft.com) > Applications > App registrations > New registration. Any name will do and cordon never " +
				"asks for it. Accounts in this directory only: an app for several tenants is not needed. Leave the redirect URI empty.",
			"Copy Application (client) ID and Directory (tenant) ID from its overview.",
		},
		{
			"2 Permissions and consent",
			"API permissions > Add a permission > APIs my organization uses > WindowsDefenderATP > Application permissions. To read: " +
				"Alert.Read.All and Machine.Read.All. To triage: Alert.ReadWrite.All. To isolate: Machine.Isolate. For the users of a host: " +
				"User.Read.All. For indicators: Ti.ReadWrite.All.",
			"Then Grant admin consent. The status of each must be green: Granted for your organization. cordon checks the token, not the page.",
		},
		{
			"3 A credential",
			"Certificates & secrets > New client secret. Copy the column Value, not the Secret ID; it is shown only once. Or upload a certificate, " +
				"or use a managed or workload identity: then there is nothing to copy.",
		},
		{
			"4 Attach it",
			"1, then a, Defender tenant. ctrl+t tests step by step, ctrl+s tests and saves. If the test fails, what was saved before stays in force.",
		},
		{
			"5 Use it",
			"L on a host isolates it for a while. Threat reports and probe results are further types under a.",
		},
	}
}

// guideLines is the guide in lines.
func (m *Model) guideLines() []string {
	var out []string
	for _, part := range guide() {
		out = append(out, " "+m.th.Strong.Render(part[0]))
		for _, p := range part[1:] {
			out = append(out, pane.Indent(wrap(p, min(m.w, 110)-5), 3)...)
		}
		out = append(out, "")
	}
	return out
}
