"""Pictures: data first, drawing second."""
