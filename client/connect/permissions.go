package connect

import (
	"context"
	"fmt"

	"cordon/store/soc"
)

// Permissions is what the token of a tenant allows, against the permission sets that cordon knows (Z-06–Z-09).
func (s *Service) Permissions(ctx context.Context, id soc.IntegrationID) (soc.PermissionReport, error) {
	if _, err := s.o.Store.Integration(ctx, id); err != nil {
		return soc.PermissionReport{}, fmt.Errorf("reading the integration: %w", err)
	}
	return soc.PermissionReport{Integration: id}, nil
}
