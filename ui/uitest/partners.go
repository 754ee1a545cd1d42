package uitest

import (
	"context"

	"cordon/store/soc"
)

// Permissions returns PermissionList.
func (w *World) Permissions(_ context.Context, id soc.IntegrationID) (soc.PermissionReport, error) {
	return w.PermissionList[id], w.Err
}
