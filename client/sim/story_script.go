package sim

func proc(file, dir, cmd, parent string) Evidence {
	return Evidence{
		EntityType: "Process", FileName: file, FilePath: dir, ProcessCommandLine: cmd, ProcessID: 6148,
		ParentProcessID: 5012, ParentProcessFileName: parent, ParentProcessFilePath: sys, DetectionStatus: "Detected",
	}
}

func address(ip string) Evidence { return Evidence{EntityType: "Ip", IPAddress: ip} }

// storyScript is the attack: phishing, credential theft, lateral movement,
// ransomware, over five machines.
func storyScript() []scene {
	return append(storyEntry(), append(storySpread(), storyImpact()...)...)
}

func storyEntry() []scene {
	const host, user = "WS-FIN-0142", "a.keller"
	return []scene{
		{
			key: "mail", host: host, user: user, severity: "Medium",
			title: "Email messages containing malicious file removed after delivery",
			note:  "The message 'Outstanding invoice 2291' reached 14 mailboxes; one recipient opened the attachment before it was removed.",
		},
		{
			key: "drop", host: host, user: user, severity: "Medium", title: "Office process dropped and executed a PE file",
			evidence: []Evidence{proc("WINWORD.EXE", `C:\Program Files\Microsoft Office\root\Office16`, `"WINWORD.EXE" /n "C:\Users\a.keller\Downloads\invoice_2291.docm"`, "OUTLOOK.EXE")},
		},
		{
			key: "ps", host: host, user: user, severity: "Medium", title: "Suspicious PowerShell download or encoded command execution",
			evidence: []Evidence{{EntityType: "Url", URL: "http://cdn-update.example/a.ps1"}, address("203.0.113.44")},
		},
		{key: "drop", change: true, host: host, severity: "High", note: "The dropped file answers to a known command server.", evidence: []Evidence{address("203.0.113.44")}},
		{
			key: "beacon", host: host, user: user, severity: "High", title: "Cobalt Strike beacon detected",
			evidence: []Evidence{address("203.0.113.44"), {EntityType: "Url", URL: "https://metrics-sync.example/pixel.gif"}},
		},
		{key: "task", host: host, user: user, severity: "Medium", title: "Suspicious scheduled task"},
		{
			key: "lsass", host: host, user: user, severity: "High", title: "Suspicious access to LSASS service",
			evidence: []Evidence{proc("procdump64.exe", `C:\Users\Public`, `procdump64.exe -accepteula -ma lsass.exe l.dmp`, "powershell.exe")},
		},
		{
			key: "lsass", change: true, host: host,
			note:     "A session of the administrator CORP\\adm-d.mills was open on the device; its credentials must be taken as stolen.",
			evidence: []Evidence{{EntityType: "User", AccountName: "adm-d.mills", DomainName: netbios, UserPrincipalName: "adm-d.mills@" + domain}},
		},
	}
}

func storySpread() []scene {
	const first, admin, user = "WS-FIN-0142", "WS-IT-0031", "adm-d.mills"
	return []scene{
		{key: "pth", host: admin, from: first, user: user, severity: "High", title: "Pass-the-hash attack", note: "The logon came from WS-FIN-0142."},
		{key: "hounds", host: admin, from: first, user: user, severity: "Medium", title: "Suspicious LDAP query"},
		{
			key: "tool", host: admin, from: first, user: user, severity: "High", title: "Malicious credential theft tool execution detected",
			evidence: []Evidence{proc("m.exe", `C:\Users\Public`, `m.exe "privilege::debug" "lsadump::dcsync /user:krbtgt" exit`, "cmd.exe")},
		},
		{key: "wmi", host: "SRV-APP-02", from: admin, user: user, severity: "Medium", title: "Suspicious WMI process creation", note: "The command was sent from WS-IT-0031."},
		{
			key: "hands", host: "SRV-APP-02", from: admin, user: user, severity: "High", title: "Hands-on-keyboard attack involving multiple devices",
			evidence: []Evidence{address("10.20.31.14")},
		},
		{key: "roast", host: "DC-LON-01", from: "SRV-APP-02", user: user, severity: "Medium", title: "Kerberoasting attack"},
		{key: "dcsync", host: "DC-LON-01", from: "SRV-APP-02", user: user, severity: "High", title: "Suspected DCSync attack (replication of directory services)"},
		{key: "wmi", change: true, host: "SRV-APP-02", severity: "High", evidence: []Evidence{proc("cmd.exe", sys, `cmd.exe /Q /c nltest /domain_trusts`, "WmiPrvSE.exe")}},
	}
}

func storyImpact() []scene {
	const host, from, user = "SRV-FILE-03", "DC-LON-01", "adm-d.mills"
	return []scene{
		{key: "tamper", host: host, from: from, user: user, severity: "High", title: "Attempt to turn off Microsoft Defender Antivirus protection"},
		{key: "rclone", host: host, from: from, user: user, severity: "High", title: "Exfiltration to cloud storage with rclone", evidence: []Evidence{address("198.51.100.77")}},
		{key: "shadow", host: host, from: from, user: user, severity: "High", title: "File backups were deleted"},
		{
			key: "ransom", host: host, from: from, user: user, severity: "High", title: "Ransomware behavior detected in the file system",
			evidence: []Evidence{{EntityType: "File", FileName: "READ_ME_NOW.txt", FilePath: `D:\Shares\Finance`, DetectionStatus: "Detected"}},
		},
		{key: "ransom", change: true, host: host, note: "12,480 files on D:\\Shares were renamed to *.lck.", evidence: []Evidence{proc("svc_update.exe", `C:\Windows\Temp`, `svc_update.exe --path D:\Shares --threads 16`, "services.exe")}},
		{key: "ransom2", host: "WS-FIN-0142", from: from, user: "a.keller", severity: "High", title: "Ransomware behavior detected in the file system"},
	}
}
