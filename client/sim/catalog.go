package sim

// template is one kind of alert: the texts and the evidence that belong
// together.
type template struct {
	title    string
	category string
	source   string
	mitre    []string
	family   string // threat family, for malware
	file     string // main process
	dir      string
	cmd      string
	parent   string
	url      string
	registry string
	about    string // second paragraph of the description
}

// catalog holds the vocabulary of all worlds.
type catalog struct {
	all        []template
	bySeverity [5][]uint16 // template numbers per severity
	first      []string
	last       []string
	depts      []string
	sites      []string
	roles      []string
	noise      []process
	ips        []string
	odd        []string
}

// process is a command that explains nothing, as most evidence.
type process struct{ file, dir, cmd, parent string }

func newCatalog() *catalog {
	c := &catalog{
		first: []string{"anna", "ben", "carla", "david", "elena", "farid", "grace", "hugo", "ines", "jonas", "karin", "liam", "mara", "nils", "olga", "pavel", "quinn", "rosa", "samir", "tessa", "uma", "victor", "wen", "yara"},
		last:  []string{"keller", "okafor", "lindqvist", "moreau", "novak", "osei", "petrov", "quist", "rossi", "sato", "tanaka", "ueda", "varga", "weiss", "xu", "yilmaz", "zimmer", "abbott", "brandt", "castro", "dahl", "egan", "fischer", "garcia"},
		depts: []string{"FIN", "HR", "SAL", "ENG", "OPS", "LEG", "MKT", "IT", "RND", "EXE"},
		sites: []string{"LON", "NYC", "SIN", "BER", "PAR", "TYO"},
		roles: []string{"APP", "WEB", "SQL", "FILE", "PRT", "BKP", "MGT", "BLD"},
		ips:   []string{"198.51.100.23", "198.51.100.77", "203.0.113.9", "203.0.113.44", "203.0.113.180", "192.0.2.66", "192.0.2.131"},
		noise: noiseProcesses(),
		odd:   oddTexts(),
	}
	for severity, list := range [][]template{sevInformational: infoTemplates(), sevLow: lowTemplates(), sevMedium: mediumTemplates(), sevHigh: highTemplates()} {
		for _, tpl := range list {
			c.bySeverity[severity] = append(c.bySeverity[severity], uint16(len(c.all)))
			c.all = append(c.all, tpl)
		}
	}
	return c
}

// pickTemplate follows the observed skew: a fifth of the titles make four
// fifths of the alerts.
func (c *catalog) pickTemplate(severity uint8, d *dice) uint16 {
	list := c.bySeverity[severity]
	head := (len(list) + 4) / 5
	if d.chance(800) {
		return list[d.n(head)]
	}
	return list[head+d.n(len(list)-head)]
}

func noiseProcesses() []process {
	return []process{
		{"explorer.exe", `C:\Windows`, `C:\Windows\Explorer.EXE`, "userinit.exe"},
		{"svchost.exe", `C:\Windows\System32`, `svchost.exe -k netsvcs -p -s Schedule`, "services.exe"},
		{"OUTLOOK.EXE", `C:\Program Files\Microsoft Office\root\Office16`, `"OUTLOOK.EXE"`, "explorer.exe"},
		{"msedge.exe", `C:\Program Files (x86)\Microsoft\Edge\Application`, `"msedge.exe" --profile-directory=Default`, "explorer.exe"},
		{"cmd.exe", `C:\Windows\System32`, `cmd.exe /c whoami /all`, "explorer.exe"},
		{"conhost.exe", `C:\Windows\System32`, `\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1`, "cmd.exe"},
		{"net.exe", `C:\Windows\System32`, `net group "Domain Admins" /domain`, "cmd.exe"},
		{"tasklist.exe", `C:\Windows\System32`, `tasklist /svc`, "cmd.exe"},
		{"ipconfig.exe", `C:\Windows\System32`, `ipconfig /all`, "cmd.exe"},
		{"powershell.exe", `C:\Windows\System32\WindowsPowerShell\v1.0`, `powershell.exe -NoProfile -Command Get-Process`, "explorer.exe"},
		{"WmiPrvSE.exe", `C:\Windows\System32\wbem`, `wmiprvse.exe -secured -Embedding`, "svchost.exe"},
		{"nltest.exe", `C:\Windows\System32`, `nltest /dclist:corp`, "cmd.exe"},
	}
}

// oddTexts are tails that real inventories and attackers put into names and
// titles: other scripts, wide and joined runes, direction overrides, invisible
// characters, and terminal control sequences.
func oddTexts() []string {
	return []string{
		" – Überprüfung", " 経理部の端末", " 서버", " مراجعة", " проверка", " 🧑‍💻🔥", " İstanbul ﬁle",
		" \u202egpj.exe", " \u2066hidden\u2069", " zero\u200bwidth\u200d", " e\u0301\u0323\u0308",
		" \x1b[31mred\x1b[0m", " \x1b]0;owned\a", " \x1b[2J\x1b[H", " \u009b31m", " tab\there", " line\nbreak", " bell\a\b\b", " nul\x00",
		" %s%n {{.}} <b>&amp;", " '; DROP TABLE alerts; --",
	}
}

// oddHostNames are device names that people and attackers gave their devices.
func oddHostNames() []string {
	return []string{
		"Zoë’s iPhone", "Büro-PC-Empfang", "経理-端末", "Lab PC (old)", "наташа-ноут", "مكتب-١",
		"ws-\x1b[31mfin\x1b[0m", "srv-\u202eexe.bkp", "pc\u200b1", "\x1b]0;owned\ahost", "host name with spaces", "WS_FIN_UNDERSCORE",
		"a-very-long-device-name-that-somebody-typed-without-thinking-about-any-column-width-at-all-0123456789",
	}
}
